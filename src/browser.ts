/** The same package under the name browsers ask for; what needs a browser will be here. */
export * from "./index";
