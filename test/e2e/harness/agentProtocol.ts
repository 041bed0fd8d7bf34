/** A task for the agent in the extension host. */
export type AgentRequest =
  | { readonly kind: 'executeCommand'; readonly command: string; readonly args: readonly unknown[] }
  /** Calls a function of the API that the extension exports. */
  | { readonly kind: 'callApi'; readonly extension: string; readonly name: string; readonly args: readonly unknown[] }
  /** Describes this VS Code, and whether the extension is installed and active. */
  | { readonly kind: 'describe'; readonly extension: string }
  /** Changes a setting of the window, such as `http.proxySupport`; without a value, back to its default. */
  | { readonly kind: 'configure'; readonly setting: string; readonly value?: unknown }
  | { readonly kind: 'end' };

export interface AgentTask {
  readonly id: number;
  readonly request: AgentRequest;
}

/** An error as data, with all that the caller of a command gets. */
export interface AgentError {
  readonly name: string;
  readonly message: string;
  readonly stack: string | undefined;
  /** The error's own enumerable properties, such as `code` and `stage`. */
  readonly facts: Readonly<Record<string, unknown>>;
}

export type AgentReply = { readonly id: number } & (
  { readonly ok: true; readonly value: unknown } | { readonly ok: false; readonly error: AgentError }
);

export interface HostDescription {
  readonly vscode: string;
  readonly node: string;
  readonly remote: boolean;
  readonly isActive: boolean | undefined;
}

/** The variable with the address at which the test listens for the agent. */
export const agentVariable = 'TEA_CHEST_TEST_AGENT';
