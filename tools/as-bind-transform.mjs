/**
 * as-bind's compiler transform, made to run on a current AssemblyScript.
 *
 * as-bind 0.8 reads the compiler through `visitor-as/as`, which looks for files AssemblyScript no longer has
 * and knows three enum members by names that changed in AssemblyScript 0.22. An unknown name reads as undefined there
 * and the type descriptor silently comes out empty. So that module is answered here: the compiler as it is
 * now, under the names as-bind asks for.
 */
import { createRequire } from "node:module";
import * as assemblyscript from "assemblyscript";

const { CommonFlags, ElementKind, NodeKind } = assemblyscript;

const forAsBind = {
  CommonFlags: { ...CommonFlags, MODULE_EXPORT: CommonFlags.ModuleExport, DECLARE: CommonFlags.Declare },
  ElementKind: { ...ElementKind, NAMESPACE: ElementKind.Namespace },
  NodeKind: { ...NodeKind, FUNCTIONDECLARATION: NodeKind.FunctionDeclaration },
};
for (const [name, members] of Object.entries(forAsBind))
  for (const [member, value] of Object.entries(members))
    if (value === undefined) throw new Error(`as-bind: AssemblyScript has no ${name}.${member} any more`);

const asBind = createRequire(import.meta.url).resolve("as-bind");
const require = createRequire(asBind);
const id = require.resolve("visitor-as/as");
require.cache[id] = { id, filename: id, loaded: true, exports: forAsBind };

export default require(asBind);
