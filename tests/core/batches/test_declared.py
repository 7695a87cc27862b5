"""What may be asked of providers' batches."""

import pytest
from langgraph_moa import ConfigError, ProviderBatch
from langgraph_moa.core.batches.declared import Wave
from langgraph_moa.core.batches.parcels import SentParcel

WRONG = [{"poll_s": 0}, {"poll_s": "often"}, {"tries": 0}, {"tries": 1.5}, {"failed": "never"}]


@pytest.mark.parametrize("options", WRONG)
def test_what_could_not_work_is_refused(options: dict[str, object]) -> None:
    with pytest.raises(ConfigError, match=f"found {next(iter(options))}="):
        ProviderBatch(**options).check()  # type: ignore[arg-type]


def test_a_wave_adds_up_what_its_batches_say() -> None:
    parcel = SentParcel(1, "s", "m", "n", 10, "created", "f", "b", 0.0, "in_progress", 3, 1, None)
    wave = Wave(1, (parcel, parcel._replace(number=2)))
    assert (wave.requests, wave.answered, wave.failed) == (20, 6, 2)
