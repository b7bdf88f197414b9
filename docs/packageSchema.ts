import { resolve } from 'node:path';
import { ComponentProvider } from '@pulumi/pulumi/provider/experimental';
import * as library from '../components';

/** A type as Pulumi's schema for other languages describes it. */
export interface PackageType {
  readonly type?: string;
  readonly $ref?: string;
  readonly description?: string;
  readonly optional?: boolean;
  readonly items?: PackageType;
  readonly additionalProperties?: PackageType;
  readonly properties?: Readonly<Record<string, PackageType>>;
  readonly required?: readonly string[];
  readonly enum?: readonly { readonly value: string; readonly description?: string }[];
}

export interface ComponentSchema {
  readonly description?: string;
  readonly inputProperties: Readonly<Record<string, PackageType>>;
  readonly requiredInputs: readonly string[];
  readonly properties: Readonly<Record<string, PackageType>>;
}

export interface PackageSchema {
  readonly resources: Readonly<Record<string, ComponentSchema>>;
  readonly types: Readonly<Record<string, PackageType>>;
}

/** What Pulumi's Analyzer makes of the library: the source of every other description of its arguments. */
export async function packageSchema(): Promise<PackageSchema> {
  const { HospitalEnvironment, IoMTIngest, MedTechConnector, MLScoringPath, HotPath } = library;
  const components = [HospitalEnvironment, IoMTIngest, MedTechConnector, MLScoringPath, HotPath];
  const dirname = resolve(__dirname, '..', 'components');
  return JSON.parse(await new ComponentProvider({ components, dirname, name: 'azure-iomt' }).getSchema());
}
