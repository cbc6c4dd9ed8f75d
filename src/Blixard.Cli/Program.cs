using Blixard.Cli;

return await CommandLine.RunAsync(args, Surroundings.OfThisProcess(), CancellationToken.None);
