import { app } from '@azure/functions';
import { repositoryMigrationsSettings } from '../contracts/appSettings';
import { readSettings } from './settings';

/** The function app `repository-migrations`: its place in the bundles, before its function. */
readSettings(repositoryMigrationsSettings, process.env);

app.timer('migrate', {
  schedule: '%MIGRATE_SCHEDULE%',
  handler: () => {
    throw new Error('The function migrate is not written yet.');
  },
});
