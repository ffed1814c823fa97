"""Long jobs: rebuilding the indices."""

from app.web import jobs
from app.web.api.operation import Operation, operation
from app.web.api.root import blueprint
from app.web.inputs import Rebuild
from app.web.models import JobOut


@operation(
    blueprint,
    Operation(
        "POST",
        "/reindex",
        "Rebuild every index from the artefacts, and swap",
        "jobs",
        query=Rebuild,
        answers={202: JobOut},
        problems=(409,),
        admin=True,
    ),
)
def start_reindex(query: Rebuild) -> tuple[JobOut, int]:
    """Searches are answered throughout."""
    return JobOut.model_validate(jobs.start_reindex(query.only)), 202


@operation(
    blueprint,
    Operation(
        "GET",
        "/reindex/<job_id>",
        "How far a rebuild is",
        "jobs",
        answers={200: JobOut},
        problems=(404,),
        admin=True,
    ),
)
def read_reindex(job_id: str) -> JobOut:
    """Episodes done, of how many."""
    return JobOut.model_validate(jobs.read(job_id))
