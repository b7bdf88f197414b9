import { packageFiles } from '../../runtime/contracts/appSettings';
import { programTexts } from '../azure/packageTexts';
import type { CompleteConnector } from './defaults';

/** Files of the package of `normalize` beside its bundle. */
export function normalizeTexts({ deviceMapping, maximumBatchEvents }: CompleteConnector): Record<string, string> {
  return {
    ...programTexts('normalize', { maximumBatchEvents, flushSeconds: 0 }),
    [packageFiles.deviceMapping]: deviceMapping,
  };
}

/** Files of the package of `write-observations` beside its bundle. */
export function writeObservationsTexts(settings: CompleteConnector): Record<string, string> {
  return { ...programTexts('write-observations', settings), [packageFiles.fhirMapping]: settings.fhirMapping };
}
