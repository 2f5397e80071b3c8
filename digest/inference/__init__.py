"""Optional help from outside: sentences by a language model, and embeddings. All the rest works without it."""
