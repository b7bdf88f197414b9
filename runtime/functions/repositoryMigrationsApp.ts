import { app } from '@azure/functions';
import { repositoryMigrationsSettings } from '../contracts/appSettings';
import { migratorDatabase } from '../repository/connection';
import { migrate } from './migrate';
import { readRepositoryUsers } from './repositoryMigrationsInputs';
import { readSettings } from './settings';

/** The function app `repository-migrations`: the only one whose identity may change the schema. Settings are read once. */
const settings = readSettings(repositoryMigrationsSettings, process.env);
const users = readRepositoryUsers(settings.REPOSITORY_USERS);
const db = migratorDatabase({
  server: settings.REPOSITORY_SERVER,
  database: settings.REPOSITORY_DATABASE,
  audience: settings.REPOSITORY_AUDIENCE,
  clientId: settings.REPOSITORY_CLIENT_ID,
});

app.timer('migrate', {
  schedule: '%MIGRATE_SCHEDULE%',
  // A new release, or another list of users, is a new start.
  runOnStartup: true,
  handler: (_timer, context) => migrate(db, users, context),
});
