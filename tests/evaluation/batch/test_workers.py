"""Workers leave alone what waits for a provider's batch."""

from pathlib import Path

from batch_server import BatchServer
from batched import mixture
from langgraph_moa.core.batches.journal import Journal
from langgraph_moa.evaluation.batch.ids import Ids
from langgraph_moa.evaluation.batch.questions import Question
from langgraph_moa.evaluation.batch.rows import RowFile
from langgraph_moa.evaluation.batch.survey import TO_ASK, breathing
from langgraph_moa.evaluation.batch.tally import Tally
from langgraph_moa.evaluation.batch.workers import Workers


async def test_a_question_that_waits_is_not_run_again(batches: BatchServer, tmp_path: Path) -> None:
    journal, file, tally = Journal(tmp_path / "j", mixture="m"), RowFile(tmp_path / "rows.jsonl"), Tally(questions=2)
    asked = [Question(id=str(n), messages=[{"role": "user", "content": f"Question {n}?"}]) for n in range(2)]
    with Ids() as ids:
        for question in asked:
            ids[question.id] = TO_ASK
        for _ in range(2):
            workers = Workers(
                mixture(batches), breathing(asked), ids, file, tally, None, retry_errors=False, proposals=True,
                journal=journal,
            )  # fmt: skip
            await workers.run(2)
            assert journal.db.execute("SELECT COUNT(*) FROM requests").fetchone() == (4,)
    assert (tally.answered, tally.errors, batches.requests, file.path.exists()) == (0, 0, [], False)
    journal.close()
