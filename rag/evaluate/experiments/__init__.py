"""Many runs: ablation, modes, stress."""
