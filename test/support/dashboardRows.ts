import { withCalculated } from '../../local/fabric/dax/evaluate';
import type { Row } from '../../local/fabric/dax/rows';
import type { SemanticModel } from '../../runtime/powerbi/model';

/** A row of the view `dashboard.patient`: somebody well, whose data is current. */
export function dashboardPatient(over: Partial<Row> = {}): Row {
  return {
    ...{ patient: 'p', displayName: 'Pat', birthDate: '1950-01-01', recordNumber: '1', wardName: 'Ward 3' },
    ...{ hospital: 'stmary', careTeam: 'ward', careTeamName: 'Ward team', routeSource: 'careTeam' },
    ...{ windowEnd: new Date(0), total: 1, floorTotal: 1, ceilingTotal: 1, band: 'low', complete: true, missing: '' },
    ...{ notApplicable: '', totalChange: 0, totalChangeHour: 0, flagLevel: null, flaggedAt: null, dataGap: '' },
    ...{ lastSampleAt: new Date(0), dataAgeSeconds: 60, dataState: 'current', riskOrder: 3 },
    ...over,
  } as Row;
}

/** Rows of the model's tables, with calculated columns; a table that is not given is empty. */
export function dashboardTables(
  model: SemanticModel,
  rows: Readonly<Record<string, readonly Row[]>>,
): ReadonlyMap<string, readonly Row[]> {
  return new Map(model.tables.map((table) => [table.name, withCalculated(table, rows[table.name] ?? [], model)]));
}
