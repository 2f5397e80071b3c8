"""What readers follow."""

from personas import choices, reader_joins

from digest.app import App
from digest.model import Interest, InterestKind
from digest.store.choices import interests_of
from digest.store.tables import interests


def test_interests_that_were_named_in_turn_are_each_readers_own_in_their_order(app: App) -> None:
    ada, bob = (reader_joins(app, f"{name}@example.org", choices()) for name in ("ada", "bob"))
    named = [(ada, "z"), (bob, "y"), (ada, "x"), (bob, "w")]
    with app.store.writing() as connection:
        connection.execute(interests.delete())
        for reader, value in named:
            connection.execute(interests.insert().values(subscription_id=reader, kind=InterestKind.TOPIC, value=value))
        found = interests_of(connection, [bob, ada])
    topics = {reader: [value for one, value in named if one == reader] for reader in (ada, bob)}
    assert found == {
        reader: tuple(Interest(kind=InterestKind.TOPIC, value=value) for value in values)
        for reader, values in topics.items()
    }
