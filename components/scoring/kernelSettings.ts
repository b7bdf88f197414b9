import type { KernelSettings } from '../../runtime/scoring/kernelTypes';
import type { CompleteScoring } from './defaults';

/** What the kernel is told, the same for every compute. */
export function kernelSettingsOf(settings: CompleteScoring): KernelSettings {
  const { flagRules } = settings;
  return {
    windowSeconds: settings.windowMinutes * 60,
    latenessSeconds: settings.latenessMinutes * 60,
    sampleSeconds: settings.sampleSeconds,
    carrySeconds: settings.carryForwardMinutes * 60,
    carrySecondsAtRisk: settings.carryForwardMinutesAtRisk * 60,
    spinalCordInjury: settings.spinalCordInjury,
    flagRules: {
      mediumTimes: flagRules.mediumTimes,
      mediumWindows: flagRules.mediumWindows,
      lowerWindows: flagRules.lowerWindows,
      lowerSeconds: flagRules.lowerMinutes * 60,
    },
    baselines: settings.baselines,
  };
}
