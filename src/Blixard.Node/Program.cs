using Blixard.Node.Hosting;

return await CommandLine.RunAsync(args, NodeProcess.RunAsync, Console.Out, Console.Error);
