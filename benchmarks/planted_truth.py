"""How well mastery and gain recover the truth planted in sample academies.

Run `.venv/bin/python benchmarks/planted_truth.py [--learners N] [--seeds S …]`. Each academy is
written and read as history folders are, models are fitted with seed 0, and every learner is scored
at the academy's present. Mastery is compared with the true level (the academy's success is .75
where level equals difficulty, so both are on one scale), over pairs of learner and skill.
"""

import argparse
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from features.encode.words import index_words
from features.score.mastery import mastery
from training.academy import Academy, generate_academy, write_folder
from training.evaluation.protocols import Holdout, hold_out
from training.histories.data import TrainingData
from training.models import SUCCESS, Models, Task, evidence_log, fit_models

NOW = datetime(2026, 11, 1, tzinfo=UTC)
MANY = 200  # completions
