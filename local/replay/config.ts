import type { Disorder } from './disorder';

/** What the process of the devices is told, as a JSON file. */
export interface ReplayConfig {
  /** CSV files of the recording. */
  readonly files: readonly string[];
  /** Virtual time of minute 0, milliseconds since 1970. */
  readonly start: number;
  /** Virtual seconds a second of the machine; `max` (JSON has no Infinity): as fast as messages are acknowledged. */
  readonly speed: number | 'max';
  readonly disorder: Disorder;
  /** Folder of the run, see `openRun`. */
  readonly runFolder: string;
  /** What the control server wrote. */
  readonly controlAddressFile: string;
  /** Where devices ask for their hub. */
  readonly provisioning: { readonly host: string; readonly idScope: string };
  /** `host:port` of the gateway through which the devices send; left out: straight to the hub. */
  readonly gatewayHost?: string;
  /** PEM of the authority behind the TLS certificates of the local cloud. */
  readonly serverAuthorityFile: string;
  /** Folder of the devices' own certificate authority and credentials. */
  readonly deviceAuthorityFolder: string;
  /** Whether a progress line is written to standard error. */
  readonly showProgress: boolean;
}
