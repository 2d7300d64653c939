"""The story of the demo, played through the API of each EPCI as its users would."""

from services.demo.story.play import tell

__all__ = ["tell"]
