"""Is the service up? For load balancers and monitoring."""

from fastapi import APIRouter

router = APIRouter(tags=["health"])


@router.get("/health")
def health() -> dict[str, str]:
    """Answers as long as the process can answer."""
    return {"status": "ok"}
