"""Feed entries, subscriptions, letters and every mail of the instance.

Sends ``feed-entry`` and ``delivery-report``; hears projects, agenda events, mail orders, person cards, feed entries and
heartbeats.
"""
