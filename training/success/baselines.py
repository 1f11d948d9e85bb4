"""What every model of success must beat: the mean of the module, of its skills, and both."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from sklearn.linear_model import LogisticRegression

from features.encode.ability import logit
from features.encode.log import InteractionLog
from features.encode.skills import ModuleSkillIndex
from features.score.prior import skill_shares
from training.success.responses import N_FOLDS, Responses

PRIOR_ATTEMPTS = 5.0


@dataclass(frozen=True, kw_only=True)
class MeanModel:
    """Log odds that depend on the module alone, (n_modules,)."""

    logits: NDArray[np.float64]

    def predict_attempts(self, log: InteractionLog) -> NDArray[np.float64]:
        """Return log odds for each row of `log`, (n_rows,)."""
        return self.logits[log.module]


def fit_baselines(
    responses: Responses, index: ModuleSkillIndex, fold: NDArray[np.int64]
) -> dict[str, MeanModel]:
    """Fit item_mean, skill_mean and item_skill_logistic.

    Parameters
    ----------
    responses
        Those of the training learners.
    index
        Skills of the modules.
    fold
        int64, (n_responses,): the combination is fitted on means a row's own fold had no part in.
    """
    item, skill = _means(responses, index)
    columns = np.empty((len(responses), 2))
    for one in range(N_FOLDS):
        rows = fold == one
        means = _means(responses.take(~rows), index)
        columns[rows] = np.column_stack(means)[responses.module[rows]]
    combined = np.column_stack([item, skill])
    if len(np.unique(responses.success)) == 2:
        combination = LogisticRegression(C=1e3).fit(columns, responses.success)
        both = combined @ combination.coef_[0] + combination.intercept_[0]
    else:
        both = item
    return {
        "item_mean": MeanModel(logits=item),
        "skill_mean": MeanModel(logits=skill),
        "item_skill_logistic": MeanModel(logits=both),
    }


def _means(
    responses: Responses, index: ModuleSkillIndex
) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return smoothed log odds of success by module and by its skills, (n_modules,) each."""
    n = responses.n_modules
    tries = np.bincount(responses.module, minlength=n)
    wins = np.bincount(responses.module, responses.success, n)
    overall = (wins.sum() + 1.0) / (tries.sum() + 2.0)
    shares = skill_shares(index)
    skill_tries, skill_wins = shares.T @ tries, shares.T @ wins
    by_item = (wins + PRIOR_ATTEMPTS * overall) / (tries + PRIOR_ATTEMPTS)
    by_skill = (skill_wins + PRIOR_ATTEMPTS * overall) / (skill_tries + PRIOR_ATTEMPTS)
    return logit(by_item), logit(shares @ by_skill)
