/* The teaching dialogue at the terminal, and `lsv teach`. */
#ifndef REPL_TEACH_H
#define REPL_TEACH_H

/* Makes walkthrough() and quiz() talk to the person at the terminal. Once per process, after session_open. */
void teach_register(void);

/* lsv teach svd "[4, 0; 3, -5; 0, 2]" …, lsv teach quiz [kind], lsv teach notes FILE.
   argv[0] is "teach"; the exit status. */
int teach_command(int argc, char **argv);

#endif
