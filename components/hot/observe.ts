import { blobServiceOf, diagnose } from '../azure/diagnostics';
import { privateEndpoint } from '../azure/privateEndpoints';
import { lockResource } from '../azure/protection';
import { auditServer, watchServer } from '../azure/sqlAuditing';
import { sqlDatabaseChild } from '../azure/sqlDatabase';
import { sqlServerChild } from '../azure/sqlServer';
import { type DeadLetters, deadLettersChild } from './deadLetters';
import type { Repository } from './repository';
import type { HotPathSite } from './site';

/**
 * Private endpoints, auditing, logs and metrics, and locks last, of what holds data; those of a server or container that exists
 * are its owner's.
 */
export function observe(site: HotPathSite, repository: Repository, deadLetters: DeadLetters): void {
  const { children, settings } = site;
  const { diagnosticSettings } = settings;
  observeServer(site, repository);
  diagnose(children, sqlDatabaseChild, repository.database.id, diagnosticSettings);
  if (deadLetters.own) {
    const { account } = deadLetters.own;
    privateEndpoint(
      children,
      site.names,
      site.surroundings,
      deadLettersChild,
      account.id,
      settings.privateEndpoints,
      deadLettersChild,
    );
    diagnose(children, `${deadLettersChild}-blobs`, blobServiceOf(account.id), diagnosticSettings);
    lockResource(children, deadLettersChild, account.id, settings);
  }
  const { own, database } = repository;
  if (own) lockResource(children, sqlServerChild, own.id, settings);
  else lockResource(children, sqlDatabaseChild, database.id, settings);
}

function observeServer(
  { children, names, surroundings, settings, protection }: HotPathSite,
  { own }: Repository,
): void {
  if (!own) return;
  const { privateEndpoints, diagnosticSettings, repository } = settings;
  privateEndpoint(children, names, surroundings, sqlServerChild, own.id, privateEndpoints, sqlServerChild);
  if (repository.auditing && diagnosticSettings) auditServer(children, own, diagnosticSettings, protection);
  if (repository.threatProtection) watchServer(children, own, protection);
}
