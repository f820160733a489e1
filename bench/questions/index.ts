import { boundary } from "./boundary";
import { natIn, natOpen, natOut } from "./nat";
import { natPathIn, natPathOpen, natPathOut, switchPath } from "./path";
import { parse } from "./parse";
import type { Question } from "./question";
import { tcp } from "./tcp";
import { through, throughIn, throughOut } from "./through";
import { switching } from "./switch";

export const questions: Question[] = [
  boundary, parse, switching, natOut, natIn, natOpen, switchPath, natPathOut, natPathIn, natPathOpen, through, throughOut, throughIn,
  tcp,
];
