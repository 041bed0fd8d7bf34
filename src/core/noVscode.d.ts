// `tsc -p src/core` maps the module "vscode" to this file, so that any import of it, types included, fails to compile.
declare const nothing: never;
export = nothing;
