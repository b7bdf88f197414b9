import type { Migration } from 'kysely/migration';
import { careAuditDashboard } from './001/migration';
import { monitoringEndBasis } from './002/migration';

/**
 * All there are, by names that sort in their order. One that was released is never changed, and none takes anything back: what
 * another schema is needed for gets a migration of its own.
 */
export const migrations: Readonly<Record<string, Migration>> = {
  '001-care-audit-dashboard': careAuditDashboard,
  '002-monitoring-end-basis': monitoringEndBasis,
};
