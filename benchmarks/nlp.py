"""Speed of understanding: every row in one run, on real tweets, tokenisation included.

    python benchmarks/nlp.py [TWEETS.txt.gz] [--count 1000]

Rows that need torch (transformers' pipeline in fp32 and bf16 on a network of the same shape), onnx,
VADER or obsei are measured where those are installed and named as absent where not. The weights are
not looked at: accuracy rows come from `byname nlp evaluate` and `python -m nlp.train`.
"""

# ruff: noqa: PLC0415 - what may be absent is imported where it is measured
import argparse
import gzip
import importlib.util
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np

ROOT = Path(__file__).parents[1]
sys.path.insert(0, str(ROOT))

from nlp.explain import explain  # noqa: E402 - the repository need not be installed
from nlp.folder import SHIPPED  # noqa: E402
from nlp.tagger import Tagger, load_tagger  # noqa: E402

TWEETS = "data/tweeteval/sentiment/test_text.txt.gz"
MULTIPLY_ADDS_A_TOKEN = 6 * (4 * 384 * 384 + 2 * 384 * 1536)
PIPELINE_TEXTS = 200
TWENTY_WORDS = (
    "I ordered a blue jacket two weeks ago and it has still not arrived, can you please help me?"
)
WARM_UP = (TWENTY_WORDS, "Bonjour, je n'ai toujours pas reçu ma commande de lundi")
WORKER = """
import json, sys, time
from nlp.bulk import CHUNK
from nlp.tagger import load_tagger
texts = json.load(sys.stdin)
tagger = load_tagger()
for text in sys.argv[2:]:
    tagger.tag(text)
time.sleep(max(0, float(sys.argv[1]) - time.time()))
began = time.perf_counter()
for start in range(0, len(texts), CHUNK):
    tagger.understand_many(texts[start:start + CHUNK])
print(time.perf_counter() - began)
"""
START = """
import sys, time
began = time.perf_counter()
from nlp.tagger import load_tagger
load_tagger().tag(sys.argv[1])
print(time.perf_counter() - began)
"""


def main() -> None:
    options = parsed()
    texts = tweets(options.tweets, options.count)
    tagger = load_tagger()
    print(f"{len(texts)} tweets, {os.cpu_count()} cores, weights {tagger.model}")
    row("import, load and first tags, s", start_up(TWENTY_WORDS))
    row("the same for a first text that is foreign, s", start_up(WARM_UP[1]))
    p50, p95, one = one_by_one(tagger, texts)
    row("one text p50 / p95, ms", f"{p50:.1f} / {p95:.1f}")
    row("one at a time, texts/s", one)
    two = two_processes(texts)
    row("two processes, texts/s", two)
    row("an explanation of 19 words, ms", 1000 / rate(lambda: explain(tagger, TWENTY_WORDS), 1, 5))
    limit_rows(tagger, texts, two)
    for kind in ("float32", "bfloat16"):
        pipeline_rows(texts, kind, two)
    peer_rows(texts)


def parsed() -> argparse.Namespace:
    shared = Path(os.environ.get("BYNAME_SHARED", ROOT.parent / "shared"))
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("tweets", nargs="?", type=Path, default=shared / TWEETS)
    parser.add_argument("--count", type=int, default=1000)
    return parser.parse_args()


def tweets(path: Path, count: int) -> list[str]:
    with gzip.open(path, "rt", encoding="utf-8") as file:
        return [line.strip() for line, _ in zip(file, range(count), strict=False)]


def row(what: str, value: float | str) -> None:
    print(f"{what:<52}{value if isinstance(value, str) else f'{value:.3g}':>14}", flush=True)


def rate(run: Callable[[], object], count: int, rounds: int = 1) -> float:
    """Texts a second, the best of the rounds: others on the machine only ever slow one down."""
    times = []
    for _ in range(rounds):
        began = time.perf_counter()
        run()
        times.append(time.perf_counter() - began)
    return count / min(times)


def start_up(text: str) -> float:
    """In a fresh process: from nothing to the first tags."""
    command = [sys.executable, "-c", START, text]
    runs = [subprocess.run(command, cwd=ROOT, capture_output=True, check=True) for _ in range(3)]
    return min(float(run.stdout) for run in runs)


def one_by_one(tagger: Tagger, texts: list[str]) -> tuple[float, float, float]:
    for text in WARM_UP:
        tagger.tag(text)
    each = []
    for text in texts:
        began = time.perf_counter()
        tagger.understand(text)
        each.append(time.perf_counter() - began)
    p50, p95 = np.percentile(each, [50, 95]) * 1000
    return p50, p95, len(each) / sum(each)


def two_processes(texts: list[str]) -> float:
    """The steady rate: both load and warm up, what reads foreign texts too, then start together."""
    begin = str(time.time() + 4)
    halves = [texts[0::2], texts[1::2]]
    running = [
        subprocess.Popen(
            [sys.executable, "-c", WORKER, begin, *WARM_UP],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
            cwd=ROOT,
        )
        for _ in halves
    ]
    for process, half in zip(running, halves, strict=True):
        process.stdin.write(json.dumps(half))
        process.stdin.close()
    seconds = [float(process.stdout.read()) for process in running]
    for process in running:
        process.wait()
    return len(texts) / max(seconds)


def limit_rows(tagger: Tagger, texts: list[str], two: float) -> None:
    """What two cores could do if int8 products were all there is."""
    if not importlib.util.find_spec("onnx"):
        row("int8 matrix limit", "onnx is absent")
        return
    tokens = float(np.mean([len(tagger._ids(text)) for text in texts]))  # noqa: SLF001
    limit = 2 * products_a_second() / (MULTIPLY_ADDS_A_TOKEN * tokens)
    row("tokens a text", tokens)
    row("int8 matrix limit of two threads, texts/s", limit)
    row("share of that limit reached", f"{two / limit:.0%}")


def products_a_second() -> float:
    """int8 multiply-adds a second of one thread, on the shape of the widest product."""
    import onnxruntime
    from onnx import TensorProto, helper

    rows, inner, wide = 512, 384, 1536
    weights = np.random.default_rng(0).integers(-127, 127, (inner, wide), dtype=np.int8)
    graph = helper.make_graph(
        [helper.make_node("MatMulInteger", ["x", "w"], ["y"])],
        "limit",
        [helper.make_tensor_value_info("x", TensorProto.UINT8, [rows, inner])],
        [helper.make_tensor_value_info("y", TensorProto.INT32, [rows, wide])],
        [helper.make_tensor("w", TensorProto.INT8, weights.shape, weights.tobytes(), raw=True)],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=9)
    options = onnxruntime.SessionOptions()
    options.intra_op_num_threads = 1
    session = onnxruntime.InferenceSession(model.SerializeToString(), options)
    x = {"x": np.random.default_rng(1).integers(0, 255, (rows, inner), dtype=np.uint8)}
    return rate(lambda: session.run(None, x), rows * inner * wide, rounds=100)


def pipeline_rows(texts: list[str], kind: str, two: float) -> None:
    """The pipeline of transformers on torch, a network of the same shape, two threads."""
    name = f"pipeline {kind}"
    if not all(map(importlib.util.find_spec, ("torch", "transformers"))):
        row(name, "torch is absent")
        return
    pipe = pipeline(kind)
    some = texts[:PIPELINE_TEXTS]
    pipe(some[:8])
    one = rate(lambda: [pipe(text) for text in some], len(some))
    by_length = sorted(texts[: 4 * PIPELINE_TEXTS], key=len)
    batched = max(rate(lambda n=n: pipe(by_length, batch_size=n), len(by_length)) for n in (8, 32))
    row(f"{name}, one at a time, texts/s", one)
    row(f"{name}, best batched, texts/s", batched)
    row("  two processes of ours to its best batched", f"{two / batched:.1f}x")
    row("  two processes of ours to it one at a time", f"{two / one:.1f}x")


def pipeline(kind: str) -> Callable[..., object]:
    import torch
    from transformers import (
        BertConfig,
        BertForSequenceClassification,
        PreTrainedTokenizerFast,
        TextClassificationPipeline,
    )

    torch.set_num_threads(2)
    shape = {"hidden_size": 384, "num_hidden_layers": 6, "num_attention_heads": 12}
    config = BertConfig(**shape, intermediate_size=1536, num_labels=3)
    network = BertForSequenceClassification(config).to(getattr(torch, kind)).eval()
    tokenizer = PreTrainedTokenizerFast(
        tokenizer_file=str(SHIPPED / "tokenizer.json"), pad_token="[PAD]", model_max_length=128
    )
    return TextClassificationPipeline(model=network, tokenizer=tokenizer, device="cpu")


def peer_rows(texts: list[str]) -> None:
    if importlib.util.find_spec("vaderSentiment"):
        from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

        vader = SentimentIntensityAnalyzer()
        row("VADER, texts/s", rate(lambda: [vader.polarity_scores(t) for t in texts], len(texts)))
    else:
        row("VADER", "absent")
    if importlib.util.find_spec("obsei"):
        from obsei.analyzer.sentiment_analyzer import VaderSentimentAnalyzer
        from obsei.payload import TextPayload

        given = [TextPayload(processed_text=text) for text in texts]
        analyzer = VaderSentimentAnalyzer()
        row("obsei's VADER, texts/s", rate(lambda: analyzer.analyze_input(given), len(texts)))
    else:
        row("obsei", "absent")


if __name__ == "__main__":
    main()
