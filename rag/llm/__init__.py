"""Language models, whoever asks them: a GGUF file, a Hugging Face model, a server."""
