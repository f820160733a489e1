/** The name under which Node's `console.log` looks for a text. Other places do not know it and lose nothing. */
const INSPECT = Symbol.for("nodejs.util.inspect.custom");

/** Something that is shown, and written as JSON, by what `toJSON` says of it and not with the machinery of the whole lab. */
export abstract class Printed {
  abstract toJSON(): object;

  [INSPECT](_depth: number, options: object, inspect: (value: unknown, options: object) => string): string {
    return `${this.constructor.name} ${inspect(this.toJSON(), options)}`;
  }
}
