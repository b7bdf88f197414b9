import type { RepositoryRole } from '../contracts/appSettings';

type Permission = 'select' | 'insert' | 'update' | 'delete';

/** What each role may do, table by table and view by view, and nothing else. The audit can be added to by writers, and read by none. */
export const grants: Readonly<Record<RepositoryRole, Readonly<Record<string, readonly Permission[]>>>> = {
  mlOutputWriter: {
    'care.scoredWindow': ['select', 'insert', 'update'],
    'care.episode': ['select', 'insert', 'update'],
    'care.feed': ['select', 'insert', 'update'],
    // Ends of monitoring.
    'care.patient': ['select', 'update'],
    'care.route': ['select', 'update'],
    'audit.entry': ['insert'],
  },
  routingWriter: {
    'care.patient': ['select', 'insert', 'update'],
    'care.route': ['select', 'insert', 'update'],
    'care.teamMember': ['select', 'insert', 'update', 'delete'],
    'care.feed': ['select', 'insert', 'update'],
    'audit.entry': ['insert'],
  },
  dashboardReader: {
    'dashboard.patient': ['select'],
    'dashboard.trend': ['select'],
    'dashboard.episode': ['select'],
    'dashboard.feed': ['select'],
    'dashboard.teamMember': ['select'],
  },
};
