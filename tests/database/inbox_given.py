"""What tests about the inbox start from: a newsletter with a programme."""

from sqlalchemy import select
from sqlalchemy.orm import Session

from pulse_mailer.database import Database
from pulse_mailer.domain.inbox import Candidate
from pulse_mailer.domain.newsletter import Newsletter, ProgrammeCategory, ProgrammeSection
from pulse_mailer.editions import collecting, reading
from pulse_mailer.editions.collecting import Added, Proposal
from tests.database.sending_given import draft
from tests.database.subscribers_given import given_newsletter

SECTIONS = ("Housing", "Care", "Health")
CATEGORIES = ("Reports", "Briefings")


def programmed(session: Session, slug: str = "pulse") -> Newsletter:
    """A newsletter with its programme, and a draft 2026-03 with one report in Care."""
    newsletter = given_newsletter(session, slug)
    for place, name in enumerate(SECTIONS, 1):
        session.add(ProgrammeSection(newsletter_id=newsletter.id, position=place, name=name))
    for place, name in enumerate(CATEGORIES, 1):
        session.add(ProgrammeCategory(newsletter_id=newsletter.id, position=place, name=name))
    draft(session, newsletter)
    return newsletter


def proposed(database: Database, *proposals: Proposal, slug: str = "pulse") -> list[Added]:
    """Each put into the inbox, in one transaction."""
    with database.transaction() as session:
        newsletter = reading.newsletter(session, slug)
        known = collecting.opened(session, newsletter)
        return [collecting.propose(session, newsletter, known, one, actor="ann") for one in proposals]


def waiting(database: Database, number: int = 1, section: str = "Care", category: str = "Reports") -> int:
    """A candidate of that number, in the inbox; gives its id."""
    made = Proposal(
        source="page",
        title=f"Report {number}",
        url=f"https://example.org/report-{number}",
        publisher="Institute",
        section=section,
        category=category,
    )
    return proposed(database, made)[0].candidate.id


def candidate(database: Database, candidate_id: int) -> Candidate:
    with database.reading() as session:
        return session.scalars(select(Candidate).where(Candidate.id == candidate_id)).one()
