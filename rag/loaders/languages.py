"""Suffix or whole name of a source file → the language in its media type, `text/x-<language>`."""

from __future__ import annotations

LANGUAGES = {
    ".py": "python", ".pyi": "python", ".pyx": "python",
    ".js": "javascript", ".mjs": "javascript", ".cjs": "javascript", ".jsx": "javascript",
    ".ts": "typescript", ".tsx": "typescript", ".mts": "typescript",
    ".vue": "vue", ".svelte": "svelte",
    ".java": "java", ".kt": "kotlin", ".kts": "kotlin", ".scala": "scala", ".groovy": "groovy",
    ".c": "c", ".h": "c", ".cpp": "cpp", ".cc": "cpp", ".cxx": "cpp", ".hpp": "cpp", ".hh": "cpp",
    ".cs": "csharp", ".fs": "fsharp", ".vb": "vb", ".m": "objc", ".mm": "objc", ".swift": "swift",
    ".rs": "rust", ".go": "go", ".zig": "zig", ".nim": "nim", ".d": "d", ".dart": "dart",
    ".rb": "ruby", ".php": "php", ".pl": "perl", ".pm": "perl", ".lua": "lua", ".r": "r", ".jl": "julia",
    ".hs": "haskell", ".ml": "ocaml", ".mli": "ocaml", ".clj": "clojure", ".ex": "elixir", ".exs": "elixir",
    ".erl": "erlang", ".el": "lisp", ".lisp": "lisp", ".scm": "scheme",
    ".sh": "shell", ".bash": "shell", ".zsh": "shell", ".fish": "shell",
    ".ps1": "powershell", ".bat": "batch",
    ".sql": "sql", ".graphql": "graphql", ".proto": "protobuf", ".thrift": "thrift",
    ".css": "css", ".scss": "scss", ".less": "less",
    ".yaml": "yaml", ".yml": "yaml", ".toml": "toml", ".ini": "ini", ".cfg": "ini", ".conf": "ini",
    ".properties": "properties", ".xml": "xml", ".xsd": "xml", ".tf": "terraform", ".cmake": "cmake",
    ".tex": "tex", ".bib": "bibtex", ".diff": "diff", ".patch": "diff",
}  # fmt: skip

NAMES = {
    "makefile": "makefile",
    "dockerfile": "dockerfile",
    "cmakelists.txt": "cmake",
    "jenkinsfile": "groovy",
    "gemfile": "ruby",
    "rakefile": "ruby",
}
"""Whole file names, in lower case, that say the language without a suffix."""
