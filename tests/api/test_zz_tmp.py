import time
from tests.api.test_programs import *
from domain.database import execute
async def test_speed(caller, organization):
    async with connection() as current:
        await fill(current, organization_id=organization.id, members=1000, credits_each=10, at=START)
    await execute("""UPDATE credit SET counts_until = $1::timestamptz + make_interval(hours => (id*37 % 8700)::int), end_reason='EXPIRED' WHERE counts_from <= $1 AND (counts_until IS NULL OR counts_until > $1)""", START)
    await execute("""UPDATE credit SET counts_from = $1::timestamptz + make_interval(hours => (id*31 % 8700)::int) WHERE counts_from > $1 AND counts_until IS NULL""", START)
    for q in ("asOf steps { date causes { kind at } changed { points attained program { key } } }", "asOf steps { date causes { kind at credit { creditId member { name workEmail } certification { code title } } } changed { points program { key } } }", "asOf steps { date attainments { points pendingPoints attained program { key title } requirements { counting } } }"):
        t=time.time()
        r=await caller.post("query ($u: Date!) { viewer { organization { forecast(until: $u) { %s } } } }" % q, u="2027-11-03")
        print(time.time()-t, len(r.text), r.text[:200])
    t=time.time(); r=await caller.post(ATTAINMENTS); print(time.time()-t)
    t=time.time(); r=await caller.post(FRAGILITY); print(time.time()-t)
    assert 0
