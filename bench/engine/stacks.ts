import { cpSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { LocalCloud } from '../../local/cloud';
import { lineLog } from '../../local/core/log';
import { StateFolder } from '../../local/core/state';
import { hospitalProgram, localConfig, stackName } from '../../local/localStack';
import type { StackResource } from '../../local/pulumiStack';
import { flatProgram } from './flatProgram';

/** What one program took, in seconds of the machine's clock, from an empty cloud on. */
export interface Taken {
  readonly upSeconds: number;
  readonly previewSeconds: number;
  readonly resources: readonly StackResource[];
}

/** Certificates, authorities and ports: with them, and nothing else, a new state folder leads to the same names. */
const lasting = ['tls', 'devices', 'gateways', 'core'];

/** A program that is the stack's resources without components, loaded as the hospital's is. */
export function writeFlatProgram(folder: string, resources: readonly StackResource[]): void {
  const modules = join(folder, 'node_modules');
  mkdirSync(modules, { recursive: true });
  mkdirSync(join(folder, 'stacks'));
  symlinkSync(hospitalProgram, join(modules, 'pulumi-azure-iomt'));
  // Packages of function apps name their bundle from the program's folder on.
  symlinkSync(join(hospitalProgram, 'dist'), join(folder, 'dist'));
  for (const name of ['@pulumi', 'typescript']) {
    symlinkSync(join(hospitalProgram, 'node_modules', name), join(modules, name));
  }
  for (const file of ['Pulumi.yaml', 'tsconfig.json', 'stacks/tsconfig.json']) {
    cpSync(join(hospitalProgram, file), join(folder, file));
  }
  writeFileSync(join(folder, 'stacks', 'hospital.ts'), flatProgram(resources));
}

/**
 * `up` and then `preview` of a program in a new local cloud.
 * @param folder state folder of that cloud; it must not exist
 * @param earlier state folder of the cloud whose names and ports it takes
 */
export async function upAndPreview(program: string, folder: string, earlier?: string): Promise<Taken> {
  const state = StateFolder.open(folder);
  for (const name of earlier === undefined ? [] : lasting) {
    cpSync(join(earlier ?? '', name), state.folder(name), { recursive: true });
  }
  const cloud = await LocalCloud.start({ state, clockStart: Date.now(), log: lineLog(true) });
  try {
    const stack = cloud.stack(stackName, program);
    await stack.configure(await localConfig(cloud, 0));
    const upSeconds = await seconds(() => stack.up());
    const previewSeconds = await seconds(async () => {
      const { changes } = await stack.preview();
      if (Object.keys(changes).length > 0) throw new Error(`The preview shows changes: ${JSON.stringify(changes)}.`);
    });
    return { upSeconds, previewSeconds, resources: await stack.resources() };
  } finally {
    await cloud.close();
  }
}

async function seconds(run: () => Promise<void>): Promise<number> {
  const begun = performance.now();
  await run();
  return (performance.now() - begun) / 1000;
}
