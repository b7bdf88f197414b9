import type { Migration } from 'kysely/migration';
import { code } from '../types';

/** By what monitoring ended: a care team must tell a death from a device that was taken off. */
export const monitoringEndBasis: Migration = {
  async up(db) {
    await db.schema.alterTable('care.scoredWindow').addColumn('monitoringEndBasis', code(16)).execute();
  },
};
