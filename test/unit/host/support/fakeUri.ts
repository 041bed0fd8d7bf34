/** The `Uri` and `RelativePattern` of the fake `vscode`, as far as the extension uses them. */
export class Uri {
  static file = (fsPath: string): Uri => new Uri('file', fsPath);
  static joinPath = ({ fsPath }: Uri, ...parts: readonly string[]): Uri =>
    new Uri('file', [fsPath, ...parts].join('/'));
  static from = (parts: {
    readonly scheme: string;
    readonly authority?: string;
    readonly path: string;
    readonly query?: string;
  }): Uri => Object.assign(new Uri(parts.scheme, parts.path, parts.query), { authority: parts.authority ?? '' });
  readonly scheme: string;
  readonly path: string;
  readonly query: string;

  constructor(scheme: string, path: string, query = '') {
    this.scheme = scheme;
    this.path = path;
    this.query = query;
  }

  get fsPath(): string {
    return this.path;
  }
}

export class RelativePattern {
  readonly baseUri: Uri;
  readonly pattern: string;

  constructor(base: Uri, pattern: string) {
    this.baseUri = base;
    this.pattern = pattern;
  }
}
