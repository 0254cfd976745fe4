/* `lsv lora`: adapters and checkpoints in files, from the command line. */
#ifndef REPL_LORA_H
#define REPL_LORA_H

/* argv[0] is "lora"; the exit status. */
int lora_command(int argc, char **argv);

#endif
