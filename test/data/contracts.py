"""A contract for each type of the emitters' events: JSON Schemas of fifteen keywords each, two of them patterns."""
import json

UUID = {"type": "string", "pattern": "^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$"}
STUDENT = {"type": "string", "pattern": "^s-[0-9]+$"}
NAME = {"type": "string", "minLength": 1, "maxLength": 200}
COUNT = {"type": "integer", "minimum": 0, "maximum": 1_000_000}


def record(**properties):
    """An object that must have all of these."""
    return {"type": "object", "required": list(properties), "properties": properties}


CHALLENGE = record(challengeId=UUID, studentId=STUDENT, studentName=NAME, attempt=COUNT,
                   submittedAt={"type": "string", "maxLength": 40})
SCHEMAS = {
    **{f"challenge.{what}": CHALLENGE for what in ("completed", "started", "reviewed", "abandoned")},
    "iam.user-registered": record(
        userId=UUID, email={"type": "string", "pattern": "^[^@ ]+@[^@ ]+$"}, firstName=NAME, lastName=NAME,
        provider={"enum": ["google", "github", "local"]}, registeredAt={"type": "array"}),
    "guides.challenge-linked": record(
        guideId=UUID, challengeId=UUID, occurredAt={"type": "number", "minimum": 0, "maximum": 4e9},
        occurredAtIso=NAME) | {"minProperties": 4, "maxProperties": 5},
    "execution.analytics": record(
        execution_id=UUID, student_id=STUDENT, execution_time_ms=COUNT, exit_code={"type": "integer"},
        language={"enum": ["cpp", "java", "python", "go", "rust"]}, success={"type": "boolean"},
        test_results={"type": "array", "minItems": 1}),
    **{f"community.{what}": record(
        userId=UUID, profileId=UUID, username=NAME, profileUrl={"type": ["string", "null"], "maxLength": 2_000},
        occurredOn={"type": "array", "minItems": 5, "maxItems": 7}) for what in ("user-registered", "profile-updated")},
    "challenges.solution-completed": record(
        studentId=STUDENT, challengeId=UUID, experiencePointsEarned=COUNT, totalTests=COUNT,
        allTestsPassed={"type": "boolean"}, scoringReason={"type": "string"}),
}


def keywords(schema):
    """How many keywords a schema has, its properties' included."""
    return len(schema) + sum(map(keywords, schema.get("properties", {}).values()))


def statement(mode):
    """The INSERT that registers every type in this mode."""
    rows = ", ".join(f"('{event_type}', '{mode}', '{json.dumps(schema)}')" for event_type, schema in SCHEMAS.items())
    return f"INSERT INTO analytics_contracts (event_type, mode, schema) VALUES {rows}"
