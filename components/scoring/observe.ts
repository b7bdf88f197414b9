import { blobServiceOf, diagnose } from '../azure/diagnostics';
import { privateEndpoint } from '../azure/privateEndpoints';
import { lockResource } from '../azure/protection';
import { lakeChild, type ScoringLake } from './lake';
import type { ScoringSite } from './site';

/** Private endpoints, logs and metrics, and a lock last, of the lake: of one that exists they are its owner's. */
export function observeLake({ children, names, surroundings, settings }: ScoringSite, { own }: ScoringLake): void {
  if (!own) return;
  const { privateEndpoints, diagnosticSettings } = settings;
  const files = 'lake-files';
  privateEndpoint(children, names, surroundings, lakeChild, own.id, privateEndpoints, lakeChild);
  privateEndpoint(children, names, surroundings, files, own.id, privateEndpoints, files);
  diagnose(children, lakeChild, own.id, diagnosticSettings, false);
  diagnose(children, `${lakeChild}-blobs`, blobServiceOf(own.id), diagnosticSettings);
  lockResource(children, lakeChild, own.id, settings);
}
