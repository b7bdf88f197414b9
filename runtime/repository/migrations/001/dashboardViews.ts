import { type Kysely, type RawBuilder, sql } from 'kysely';

/**
 * Who is on the dashboard: monitored patients, those with an episode that stands, and those who were scored within the hour
 * before FHIR's routing knew them, so that nobody is missing while that is late.
 */
const watched = sql`create view [care].[watchedPatient] as
select [w].[patient], coalesce([r].[hospital], '') as [hospital], coalesce([r].[careTeam], 'default') as [careTeam],
  [r].[careTeamName], coalesce([r].[source], 'none') as [routeSource]
from (
  select [patient] from [care].[patient] where [monitored] = 1
  union
  select [patient] from [care].[episode] where [endedAt] is null
  union
  select [s].[patient] from [care].[scoredWindow] as [s]
  where [s].[hot] = 1 and [s].[windowEnd] > dateadd(hour, -1, sysutcdatetime())
    and not exists (select 1 from [care].[patient] as [k] where [k].[patient] = [s].[patient])
) as [w]
left join [care].[route] as [r] on [r].[patient] = [w].[patient]`;

/** A patient's newest hot window, what stands, and the newest sample of a day. */
const current = sql`create view [care].[currentState] as
select [p].[patient], [p].[hospital], [p].[careTeam], [p].[careTeamName], [p].[routeSource],
  [s].[windowEnd], [s].[total], [s].[floorTotal], [s].[ceilingTotal], [s].[band], [s].[complete], [s].[missing],
  [s].[notApplicable], [s].[totalChange], [s].[totalChangeHour],
  [d].[level] as [flagLevel], [d].[raisedAt] as [flaggedAt], [g].[vitals] as [dataGap],
  (select max([m].[lastSampleAt]) from [care].[scoredWindow] as [m]
   where [m].[patient] = [p].[patient] and [m].[hot] = 1
     and [m].[windowStart] > dateadd(hour, -24, sysutcdatetime())) as [lastSampleAt]
from [care].[watchedPatient] as [p]
left join [care].[scoredWindow] as [s] on [s].[patient] = [p].[patient] and [s].[hot] = 1
  and [s].[windowStart] = (select max([n].[windowStart]) from [care].[scoredWindow] as [n]
    where [n].[patient] = [p].[patient] and [n].[hot] = 1)
left join [care].[episode] as [d] on [d].[patient] = [p].[patient] and [d].[kind] = 'deterioration'
  and [d].[endedAt] is null
left join [care].[episode] as [g] on [g].[patient] = [p].[patient] and [g].[kind] = 'data-gap'
  and [g].[endedAt] is null`;

const patient = sql`create view [dashboard].[patient] as
select [c].[patient], [k].[displayName], [k].[birthDate], [k].[recordNumber], [k].[wardName],
  [c].[hospital], [c].[careTeam], [c].[careTeamName], [c].[routeSource],
  [c].[windowEnd], [c].[total], [c].[floorTotal], [c].[ceilingTotal], [c].[band],
  cast(coalesce([c].[complete], 0) as bit) as [complete], coalesce([c].[missing], '') as [missing],
  coalesce([c].[notApplicable], '') as [notApplicable], [c].[totalChange], [c].[totalChangeHour],
  [c].[flagLevel], [c].[flaggedAt], coalesce([c].[dataGap], '') as [dataGap], [c].[lastSampleAt],
  datediff(second, [c].[lastSampleAt], sysutcdatetime()) as [dataAgeSeconds],
  case when datediff(second, [c].[lastSampleAt], sysutcdatetime()) <= 900 then 'current'
    when datediff(second, [c].[lastSampleAt], sysutcdatetime()) <= 1800 then 'stale'
    else 'no data' end as [dataState],
  case when [c].[flagLevel] = 'high' or [c].[band] = 'high' then 0
    when [c].[flagLevel] = 'medium' or [c].[band] = 'medium' then 1
    when [c].[flagLevel] = 'low-medium' or [c].[band] = 'low-medium' then 2
    when [c].[band] = 'low' then 3
    else 4 end as [riskOrder]
from [care].[currentState] as [c]
left join [care].[patient] as [k] on [k].[patient] = [c].[patient]`;

const trend = sql`create view [dashboard].[trend] as
select [s].[patient], [p].[hospital], [p].[careTeam], [s].[windowEnd], [s].[total], [s].[floorTotal],
  [s].[ceilingTotal], [s].[band]
from [care].[watchedPatient] as [p]
inner join [care].[scoredWindow] as [s] on [s].[patient] = [p].[patient]
where [s].[hot] = 1 and [s].[windowEnd] > dateadd(hour, -24, sysutcdatetime())`;

const episode = sql`create view [dashboard].[episode] as
select [e].[patient], coalesce([r].[hospital], '') as [hospital], coalesce([r].[careTeam], 'default') as [careTeam],
  [e].[kind], [e].[level], [e].[raisedAt], [e].[endedAt], [e].[endReason]
from [care].[episode] as [e]
left join [care].[route] as [r] on [r].[patient] = [e].[patient]
where [e].[endedAt] is null or [e].[endedAt] > dateadd(hour, -24, sysutcdatetime())`;

/**
 * Of two writers one is a little later with each window, and that is not behind. It is when the other has had it for a minute, or has the
 * next one, too.
 */
const feed = sql`create view [dashboard].[feed] as
select [f].[feed], min([f].[until]) as [until], datediff(second, min([f].[until]), sysutcdatetime()) as [ageSeconds],
  max(case
    when [o].[earlierUntil] > [f].[until] then datediff(second, [f].[until], [o].[until])
    when [o].[until] > [f].[until] and datediff(second, [o].[writtenAt], sysutcdatetime()) >= 60
      then datediff(second, [f].[until], [o].[until])
    else 0 end) as [behindSeconds]
from [care].[feed] as [f]
left join [care].[feed] as [o] on [o].[source] = [f].[source] and [o].[feed] <> [f].[feed]
  and [f].[feed] in ('repository', 'fhir') and [o].[feed] in ('repository', 'fhir')
group by [f].[feed]`;

const teamMember = sql`create view [dashboard].[teamMember] as
select [m].[careTeam], [m].[hospital], [m].[objectId] from [care].[teamMember] as [m]`;

export async function makeDashboardViews(db: Kysely<unknown>): Promise<void> {
  const views: readonly RawBuilder<unknown>[] = [watched, current, patient, trend, episode, feed, teamMember];
  for (const view of views) await view.execute(db);
}
