import type { DeploymentContent } from './deployment';
import type { EdgeGatewayStatus } from './edgeGateway';

/** What the local cloud tells a gateway's process. */
export type ToGateway =
  | { readonly kind: 'cutUplink'; readonly isCut: boolean }
  | { readonly kind: 'deployment'; readonly request: number; readonly deployment?: DeploymentContent }
  | { readonly kind: 'status'; readonly request: number }
  | { readonly kind: 'close' };

/** What a gateway's process tells the local cloud. */
export type FromGateway =
  | { readonly kind: 'ready' }
  | { readonly kind: 'failed'; readonly message: string }
  | { readonly kind: 'log'; readonly level: 'info' | 'warn'; readonly message: string }
  | { readonly kind: 'deployment'; readonly request: number; readonly problem?: string }
  | { readonly kind: 'status'; readonly request: number; readonly status: EdgeGatewayStatus };
