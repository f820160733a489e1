import { boundary } from "./boundary";
import { natIn, natOpen, natOut } from "./nat";
import { natPath, switchPath } from "./path";
import { parse } from "./parse";
import type { Question } from "./question";
import { through } from "./through";
import { switching } from "./switch";

export const questions: Question[] = [
  boundary, parse, switching, natOut, natIn, natOpen, switchPath, natPath, through,
];
