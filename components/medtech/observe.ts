import { blobServiceOf, diagnose } from '../azure/diagnostics';
import { privateEndpoint } from '../azure/privateEndpoints';
import { lockResource } from '../azure/protection';
import { type DeadLetterStore, deadLettersChild } from './deadLetters';
import type { ConnectorFhir } from './fhir';
import type { ConnectorSite } from './site';

/**
 * Private endpoints, logs and metrics, and locks last, of what holds data. The endpoint of a workspace comes after its FHIR
 * service: one that is made earlier does not get the service's name ("Configure Private Link for Azure Health Data Services").
 */
export function observe(
  { children, names, surroundings, settings }: ConnectorSite,
  { own }: ConnectorFhir,
  { account }: DeadLetterStore,
): void {
  const { privateEndpoints, diagnosticSettings } = settings;
  if (own) {
    const { workspace, service } = own;
    const opts = { dependsOn: [service] };
    const workspaceChild = 'health-workspace';
    privateEndpoint(
      children,
      names,
      surroundings,
      workspaceChild,
      workspace.id,
      privateEndpoints,
      workspaceChild,
      opts,
    );
    diagnose(children, 'fhir', service.id, diagnosticSettings);
  }
  privateEndpoint(children, names, surroundings, deadLettersChild, account.id, privateEndpoints, deadLettersChild);
  diagnose(children, deadLettersChild, account.id, diagnosticSettings, false);
  diagnose(children, `${deadLettersChild}-blobs`, blobServiceOf(account.id), diagnosticSettings);
  if (own) lockResource(children, 'health-workspace', own.workspace.id, settings);
  lockResource(children, deadLettersChild, account.id, settings);
}
