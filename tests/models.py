"""A Model2Vec model so small that it is made on the spot."""

from pathlib import Path

import numpy as np
from model2vec import StaticModel
from tokenizers import Tokenizer
from tokenizers.models import WordLevel
from tokenizers.pre_tokenizers import Whitespace

WORDS = "[UNK] robot robots fold folds laundry image images sharp noisy speech".split()
DIMENSIONS = 16


def tiny_model(folder: Path, *, seed: int = 20261120, broken: bool = False) -> Path:
    """A model that knows ten words, each at random."""
    tokenizer = Tokenizer(WordLevel({word: number for number, word in enumerate(WORDS)}, unk_token="[UNK]"))
    tokenizer.pre_tokenizer = Whitespace()
    vectors = np.random.default_rng(seed).normal(size=(len(WORDS), DIMENSIONS)).astype(np.float32)
    vectors[1] = np.nan if broken else vectors[2]
    StaticModel(vectors, tokenizer).save_pretrained(folder)
    return folder
