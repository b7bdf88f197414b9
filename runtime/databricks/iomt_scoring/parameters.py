"""What the job is told, as `--name=value`; every name is required unless it says otherwise."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import Any, Callable, Sequence

KERNEL_HOSTS = ("v8", "node")
MODEL_KINDS = ("onnx",)


@dataclass(frozen=True)
class Model:
    """A model beside NEWS2: an ONNX file, whose named outputs become the prediction's values."""

    path: str
    name: str
    version: str


@dataclass(frozen=True)
class KernelTimes:
    """Of the kernel's settings what Spark must know, in milliseconds."""

    window: int
    lateness: int
    sample: int


@dataclass(frozen=True)
class Parameters:
    bootstrap_servers: str
    # Unity Catalog service credential for the Kafka endpoint; empty: none is asked for.
    service_credential: str
    enriched: str
    scored: str
    enriched_partitions: int
    # May be left out: as many as `enriched` has.
    scored_partitions: int
    # URL of the folder of the tables and checkpoints.
    lake: str
    # URL of the container of `<version>.json`.
    baselines: str
    # `KernelSettings` as JSON, handed to the kernel as it came.
    kernel_settings: str
    times: KernelTimes
    compares_baselines: bool
    # Between two looks at what has come; 0: what is there is scored, and the query ends.
    trigger_seconds: int
    # A checkpoint is of one generation; a new one goes on where the last one ended.
    generation: int
    kernel_host: str
    model: Model | None
    # For how long slots, results and presence are kept.
    retention_days: int

    @property
    def ends_when_done(self) -> bool:
        return self.trigger_seconds == 0


class ParameterError(ValueError):
    """All that is wrong with the parameters."""


def parse(arguments: Sequence[str]) -> Parameters:
    """
    :raises ParameterError: naming every parameter that is missing, unknown or wrong
    """
    reader = _Reader(arguments)
    kernel_settings = reader.text("kernel-settings")
    settings = reader.parsed("kernel-settings", kernel_settings, _object)
    enriched_partitions = reader.whole("enriched-partitions", 1)
    parameters = Parameters(
        bootstrap_servers=reader.text("bootstrap-servers"),
        service_credential=reader.text("service-credential", otherwise=""),
        enriched=reader.text("enriched"),
        scored=reader.text("scored"),
        enriched_partitions=enriched_partitions,
        scored_partitions=reader.whole("scored-partitions", 1, otherwise=enriched_partitions),
        lake=reader.text("lake").rstrip("/"),
        baselines=reader.text("baselines").rstrip("/"),
        kernel_settings=kernel_settings,
        times=reader.times(settings or {}),
        compares_baselines=(settings or {}).get("baselines") is not False,
        trigger_seconds=reader.whole("trigger-seconds", 0),
        generation=reader.whole("generation", 1),
        kernel_host=reader.one_of("kernel-host", KERNEL_HOSTS, otherwise="v8"),
        model=reader.parsed("model", reader.text("model", otherwise=""), _model),
        retention_days=reader.whole("retention-days", 1),
    )
    reader.refuse_problems()
    return parameters


class _Reader:
    def __init__(self, arguments: Sequence[str]) -> None:
        self._problems: list[str] = []
        self._values: dict[str, str] = {}
        self._asked: set[str] = set()
        for argument in arguments:
            name, equals, value = argument.partition("=")
            if name.startswith("--") and equals:
                self._values[name[2:]] = value
            else:
                self._problems.append(f'"{argument}" is not of the form --name=value')

    def text(self, name: str, otherwise: str | None = None) -> str:
        self._asked.add(name)
        value = self._values.get(name, "") or otherwise
        if value is None:
            self._problems.append(f"--{name} is missing")
            return ""
        return value

    def whole(self, name: str, least: int, otherwise: int | None = None) -> int:
        text = self.text(name, None if otherwise is None else str(otherwise))
        if text.isascii() and text.isdigit() and int(text) >= least:
            return int(text)
        if text:
            self._problems.append(f'--{name} is "{text}", not a whole number of at least {least}')
        return least

    def one_of(self, name: str, allowed: Sequence[str], otherwise: str) -> str:
        text = self.text(name, otherwise)
        if text not in allowed:
            self._problems.append(f'--{name} is "{text}", not one of {", ".join(allowed)}')
        return text

    def parsed(self, name: str, text: str, parser: Callable[[Any], Any]) -> Any:
        if not text:
            return None
        try:
            return parser(json.loads(text))
        except ValueError as error:
            self._problems.append(f"--{name} is wrong: {error}")
            return None

    def times(self, settings: dict[str, Any]) -> KernelTimes:
        window = self._milliseconds(settings, "windowSeconds", 1, 300)
        sample = self._milliseconds(settings, "sampleSeconds", 1, 1)
        if window % sample:
            self._problems.append("windowSeconds of --kernel-settings is not a multiple of sampleSeconds")
        return KernelTimes(window, self._milliseconds(settings, "latenessSeconds", 0, 120), sample)

    def _milliseconds(self, settings: dict[str, Any], member: str, least: int, otherwise: int) -> int:
        """What is left out has the kernel's default; the kernel checks the rest of its settings itself."""
        seconds = settings.get(member, otherwise)
        if isinstance(seconds, int) and not isinstance(seconds, bool) and seconds >= least:
            return seconds * 1000
        self._problems.append(
            f"{member} of --kernel-settings is {json.dumps(seconds)}, not a whole number of at least {least}"
        )
        return otherwise * 1000

    def refuse_problems(self) -> None:
        unknown = [f"--{name} is not known" for name in sorted(self._values.keys() - self._asked)]
        problems = [*self._problems, *unknown]
        if problems:
            raise ParameterError(f"The parameters of the job are wrong: {'; '.join(problems)}.")


def _object(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise ValueError("it is not a JSON object")
    return value


def _model(value: Any) -> Model:
    kind = _object(value).get("kind")
    if kind not in MODEL_KINDS:
        raise ValueError(f'its kind is "{kind}", and this compute knows {", ".join(MODEL_KINDS)}')
    missing = [name for name in ("path", "name", "version") if not isinstance(value.get(name), str) or not value[name]]
    if missing:
        raise ValueError(f"it lacks {', '.join(missing)}")
    return Model(value["path"], value["name"], value["version"])
