"""Makes a cross-encoder to measure the stage `cross_encoder` with, where none can be downloaded.

    python -m benchmarks.cross_encoder DATA/reader-train BASE CHECKPOINT OUT --minutes 15

BASE is the folder of the small encoder that the reader was made of, CHECKPOINT the `best.safetensors` that
`rag tune reader` leaves: encoder and head become those of a BERT sequence classifier, which they equal. It
then learns to rank, from the reader's own training questions without the held-out titles: each step shows 8
questions, each with its passage and with three that hybrid search ranks high and that lack the answer; the
loss is the cross entropy over the four. What is written is a folder that any sentence-transformers
`CrossEncoder` opens. Its weights are no part of the project: this file says how those behind the figures
came about.
"""

from __future__ import annotations

import argparse
import random
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.fit_reading import FILES
from rag.tune.examples import Example, read_examples
from rag.tune.negatives import near_passages, other_passage
from rag.tune.split import split

QUESTIONS, NEGATIVES, TOKENS, RATE = 8, 3, 224, 3e-5
_RENAMED = {"encoder.": "bert.", "answerable.0.": "bert.pooler.dense.", "answerable.2.": "classifier."}


def shown(one: Example, others: Sequence[str], chance: random.Random) -> list[tuple[str, str]]:
    """The question with its passage first, then with passages that do not answer it."""
    wrong = {
        item.passage for _ in range(4 * NEGATIVES) if (item := other_passage(one, others, chance)) is not None
    }
    texts = [one.context, *sorted(wrong)[:NEGATIVES]]
    return [(one.question, text) for text in texts] if len(texts) == NEGATIVES + 1 else []


def as_classifier(base: Path, checkpoint: Path) -> Any:
    """The reader's encoder and its head `answerable`, as a sequence classifier with one score."""
    from safetensors.torch import load_file
    from transformers import AutoModelForSequenceClassification

    model: Any = AutoModelForSequenceClassification.from_pretrained(
        base, num_labels=1, hidden_dropout_prob=0.0, attention_probs_dropout_prob=0.0, classifier_dropout=0.1
    )
    weights = {
        new + name.removeprefix(old): value
        for name, value in load_file(checkpoint).items()
        for old, new in _RENAMED.items()
        if name.startswith(old)
    }
    missing = set(dict(model.named_parameters())) - set(weights)
    if missing:
        raise SystemExit(
            f"{checkpoint} lacks {', '.join(sorted(missing)[:3])}: expected what `rag tune reader` leaves"
        )
    model.load_state_dict(weights, strict=False)
    model.bert.embeddings.word_embeddings.weight.requires_grad = False
    return model


def train(examples: Sequence[Example], base: Path, checkpoint: Path, out: Path, minutes: float) -> None:
    import torch
    from transformers import AutoTokenizer

    torch.manual_seed(0)
    chance = random.Random(0)
    near = near_passages(examples, out / "passages")
    tokenizer = AutoTokenizer.from_pretrained(base)
    model = as_classifier(base, checkpoint)
    learned = [one for one in model.parameters() if one.requires_grad]
    optimizer = torch.optim.AdamW(learned, lr=RATE, weight_decay=0.01)
    began, step, losses = time.monotonic(), 0, [0.0]
    model.train()
    while (spent := (time.monotonic() - began) / (60 * minutes)) < 1:
        drawn = chance.sample(examples, QUESTIONS)
        groups = [pairs for one in drawn if (pairs := shown(one, near(one), chance))]
        asked, texts = zip(*(pair for group in groups for pair in group), strict=True)
        fed = tokenizer(
            list(asked),
            list(texts),
            truncation="only_second",
            max_length=TOKENS,
            padding=True,
            return_tensors="pt",
        )
        logits = model(**fed).logits.reshape(len(groups), NEGATIVES + 1)
        loss = torch.nn.functional.cross_entropy(logits, torch.zeros(len(groups), dtype=torch.long))
        for group in optimizer.param_groups:
            group["lr"] = RATE * min(1.0, spent / 0.05, (1 - spent) / 0.95)
        optimizer.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(learned, 1.0)
        optimizer.step()
        step, losses = step + 1, [*losses[-99:], loss.item()]
        if step % 50 == 0:
            print(
                f"step {step}, {spent:.0%}, loss {sum(losses) / len(losses):.3f}", file=sys.stderr, flush=True
            )
    model.save_pretrained(out)
    tokenizer.save_pretrained(out)
    print(f"{step} steps of {QUESTIONS} questions, loss {sum(losses) / len(losses):.3f}")


def main() -> None:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("data", type=Path)
    parser.add_argument("base", type=Path)
    parser.add_argument("checkpoint", type=Path)
    parser.add_argument("out", type=Path)
    parser.add_argument("--minutes", type=float, default=15.0)
    options = parser.parse_args()
    examples = read_examples([options.data / f"{name}.jsonl.gz" for name in FILES])
    training, _ = split([one for one in examples if one.answerable])
    train(training, options.base, options.checkpoint, options.out, options.minutes)


if __name__ == "__main__":
    main()
