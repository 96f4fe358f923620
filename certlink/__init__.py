"""What starts the engines and the rooms below, and the only one that knows them all?"""
