"""What holds for every answer of the site."""

import socket
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import httpx
import pytest
from conftest_web import Place
