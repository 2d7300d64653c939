"""The published contract, from the registry: a JSON Schema per type and visibility, and one AsyncAPI 3 document."""

from shared.messaging.describe.documents import FOLDER, differing, documents, write
from shared.messaging.describe.examples import Example, example_of
from shared.messaging.describe.schemas import DIALECT, schema_of

__all__ = ["DIALECT", "FOLDER", "Example", "differing", "documents", "example_of", "schema_of", "write"]
