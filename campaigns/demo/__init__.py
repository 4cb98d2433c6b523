"""`manage.py demo`: servers, tenants, processes, a stream of events, and a check of what came of it.

environment  before Django: servers, roles, settings       chance, plans  what tenants and events look like
processes    web, workers and the rest as children         seed           tenants, leads, campaigns, logins
stream       the feeder: events as clients send them       acceptlog      what was accepted, as the feeder saw it
figures      measured while it runs                        table          drawn twice a second
check        accepted against executed                     report, show   what is printed at the end; the whole play
"""
