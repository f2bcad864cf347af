"""Sources: profiles, protocols, HTTP, the inbox, the raw archive, and loads before they are staged.

Rows in the warehouse belong to ``warehouse``, the choice of what a run fetches to ``tasks``.
"""
