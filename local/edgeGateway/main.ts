import { readFileSync } from 'node:fs';
import { EdgeGateway, type EdgeGatewayConfig } from './edgeGateway';
import type { FromGateway, ToGateway } from './processMessages';

/**
 * The gateway as a process of its own: `node main.js CONFIG.json`. It is told what to do over the IPC channel of the
 * process that started it, and ends with that one.
 */
async function main(): Promise<void> {
  const [, , configFile] = process.argv;
  if (configFile === undefined) throw new Error('Name the file with the configuration of the gateway.');
  const config = JSON.parse(readFileSync(configFile, 'utf8')) as EdgeGatewayConfig;
  const log = {
    info: (message: string) => tell({ kind: 'log', level: 'info', message }),
    warn: (message: string) => tell({ kind: 'log', level: 'warn', message }),
  };
  const gateway = await EdgeGateway.start(config, log);
  const end = () => void gateway.close().finally(() => process.exit(0));
  process.on('message', (message) => obey(gateway, message as ToGateway, end));
  process.on('disconnect', end);
  process.on('SIGTERM', end);
  // Ctrl-C reaches the whole group of processes; the one that started this says when to end.
  process.on('SIGINT', () => undefined);
  tell({ kind: 'ready' });
}

function obey(gateway: EdgeGateway, message: ToGateway, end: () => void): void {
  if (message.kind === 'cutUplink') gateway.cutUplink(message.isCut);
  else if (message.kind === 'status') tell({ kind: 'status', request: message.request, status: gateway.status() });
  else if (message.kind === 'close') end();
  else {
    let problem: string | undefined;
    try {
      gateway.applyDeployment(message.deployment);
    } catch (error) {
      problem = (error as Error).message;
    }
    tell({ kind: 'deployment', request: message.request, problem });
  }
}

function tell(message: FromGateway): void {
  if (process.connected) process.send?.(message);
}

main().catch((error: Error) => {
  tell({ kind: 'failed', message: error.message });
  process.stderr.write(`${error.message}\n`);
  process.exitCode = 1;
  process.disconnect?.();
});
